# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Documentation/guides.md, taken apart.  A comment in front of a block says who has it,
# and that it is a file of apply or commands to run: <!-- server: file -->

# guides DIRECTORY: a directory for each section, by its title, with files WHO-WHAT-NUMBER
guides()
{
	awk -v out="$1" '
		/^## / {
			section = out "/" tolower(substr($0, 4)); gsub(/ /, "-", section)
			system("mkdir -p " section)
		}
		/^<!-- [a-z]+: [a-z]+ -->$/ {
			who = substr($2, 1, length($2) - 1)
			file = section "/" who "-" $3 "-" ++n
			next
		}
		file == "" { next }
		/^    / { print substr($0, 5) > file; begun = 1; next }
		/^$/ && !begun { next }
		/^$/ { print "" > file; next }
		{ close(file); file = ""; begun = 0 }
	' "$repo/Documentation/guides.md"
}
