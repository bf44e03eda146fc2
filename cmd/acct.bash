# Completion of options for bash: each program lists its own with -h. Installed under the name of every program.
_acct()
{
	local word=${COMP_WORDS[COMP_CWORD]}
	[[ $word == -* ]] || return 0		# operands and arguments: bash completes files
	mapfile -t COMPREPLY < <(compgen -W "$("$1" -h 2>/dev/null |
		sed -nE 's/^  (-(.), |    )--([a-z-]+).*/\2 --\3/p' | sed -E 's/^([^ ])/-\1/')" -- "$word")
}
complete -o default -F _acct "${BASH_SOURCE[0]##*/}"
