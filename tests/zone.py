"""Local times of random zones against Python's zoneinfo: those that a zone has once are instants, all others are rejected.

zone.py SEED ZONES: for each zone writes a schema and times around its changes, runs acct-ingest and acct-clean, and compares.
"""
import datetime
import random
import subprocess
import sys
import zoneinfo

UTC = datetime.timezone.utc
FORMATS = [("", "%Y-%m-%d %H:%M:%S"), ('format: "%d.%m.%Y %H:%M:%S",', "%d.%m.%Y %H:%M:%S")]


def instant_of(local, zone):
    """The instant of a local time, or None where there is none or two."""
    found = set()
    for fold in (0, 1):
        at = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == local:
            found.add(at)
    return found.pop() if len(found) == 1 else None


def times_of(rng, zone):
    """Local times, half of them around changes of the zone's offset."""
    for _ in range(60):
        year = rng.choice([rng.randrange(1920, 2100), rng.randrange(1990, 2030), 2037, 2038, rng.randrange(2100, 9990)])
        at = datetime.datetime(year, rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24), rng.randrange(60), rng.randrange(60))
        yield at
        low, high = datetime.datetime(year, 1, 1, tzinfo=UTC), datetime.datetime(year, 12, 31, tzinfo=UTC)
        low += datetime.timedelta(rng.randrange(150))
        if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
            high = low + datetime.timedelta(150)
        while (high - low).total_seconds() > 1:
            middle = low + datetime.timedelta(seconds=int((high - low).total_seconds()) // 2)
            if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                low = middle
            else:
                high = middle
        yield high.astimezone(zone).replace(tzinfo=None) + datetime.timedelta(seconds=rng.choice([0, -1, 1, -1800, 1800, -3600, 3600, -3601]))


def main():
    rng = random.Random(int(sys.argv[1]))
    names = ["Europe/Prague", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
    names += rng.sample(sorted(n for n in zoneinfo.available_timezones() if "/" in n), max(0, int(sys.argv[2]) - len(names)))
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        word, form = rng.choice(FORMATS)
        times = list(times_of(rng, zone))
        with open("z.yaml", "w") as f:
            f.write(f"name: z\ncolumns:\n  - {{name: id, type: int64, key: yes}}\n  - {{name: at, type: timestamp, {word} zone: {name}}}\n")
        with open("z.csv", "w") as f:
            f.write("id,at\n")
            for i, at in enumerate(times):
                f.write(f"{i},{at.strftime(form) if at.year >= 1000 else at}\n")
        got = subprocess.run("acct-ingest -s z.yaml z.csv | acct-clean -s z.yaml -r rej | acct-cat", shell=True, capture_output=True, check=True)
        rows = dict(line.split(",") for line in got.stdout.decode().split("\n")[1:-1])
        for i, at in enumerate(times):
            want = instant_of(at, zone)
            shown = want.strftime("%Y-%m-%dT%H:%M:%SZ") if want else None
            if rows.get(str(i)) != shown:
                sys.exit(f"{name}: {at} is {rows.get(str(i))}, not {shown}")


main()
