# SPDX-License-Identifier: GPL-2.0
# Completion of ftcpctl for bash: it knows its words itself.

_ftcpctl()
{
	local words

	case $3 in
	-n|-netns)	words=$(ip netns list 2> /dev/null | cut -d ' ' -f 1) ;;
	-b|-batch)	mapfile -t COMPREPLY < <(compgen -f -- "$2"); return ;;
	*)		words=$(ftcpctl --complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2> /dev/null) ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}
complete -F _ftcpctl ftcpctl
