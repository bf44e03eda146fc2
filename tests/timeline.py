"""What holds of a key at each of a few moments, painted one by one: the model that versions of rows are compared with."""


class Timeline:
    def __init__(self, span):
        self.at = [None] * span         # (number of the version, row)
        self.numbers = 0

    def paint(self, time, row):
        """From this moment on, until the next version begins, the row holds; None: none does."""
        was = self.at[time]
        if (None if was is None else was[1]) == row:
            return
        self.numbers += 1
        while time < len(self.at) and self.at[time] == was:
            self.at[time] = None if row is None else (self.numbers, row)
            time += 1

    def intervals(self):
        """(start, end, row) of each version; the end of one that is open is None."""
        start, span = 0, len(self.at)
        for t in range(1, span + 1):
            if t == span or self.at[t] != self.at[start]:
                if self.at[start] is not None:
                    yield start, None if t == span else t, self.at[start][1]
                start = t
