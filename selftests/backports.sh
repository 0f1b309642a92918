# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# apt for what Debian offers in the backports for its stable release, whatever
# the release of this machine; sourced.  It has sources, lists and settings of its
# own in ~/.cache/faketcp: this machine's stay as they are.

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/faketcp
backports=$cache/backports

# Where this machine gets its packages from
debian_mirror()
{
	local uri

	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' \
		'Created-By: Packages' 2> /dev/null |
		awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { print $1; exit }')
	echo "${uri:-http://deb.debian.org/debian}"
}

# backports_apt COMMAND ARGUMENTS...: of apt, with these sources only
backports_apt()
{
	local command=$1

	shift
	"$command" -o "Dir::Etc::SourceList=$backports/etc/sources" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o "Dir::State=$backports" -o "Dir::State::status=$backports/status" \
		-o "Dir::State::lists=$backports/lists" -o "Dir::Cache=$backports" \
		-o "Dir::Cache::archives=$backports/archives" \
		-o APT::Install-Recommends=0 -o APT::Sandbox::User=root \
		-o Acquire::Languages=none \
		${backports_release:+-o "APT::Default-Release=$backports_release"} "$@"
}

# backports_lists SUITE...: get the lists of these, and say what went wrong
backports_lists()
{
	local name keyring mirror

	for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[ -r "$keyring" ] && break
	done
	mirror=$(debian_mirror)
	for name in "$@"; do
		echo "deb [signed-by=$keyring] $mirror $name main"
	done > "$backports/etc/sources"
	backports_apt apt-get update > "$backports/log" 2>&1 < /dev/null &&
		! grep '^[EW]:' "$backports/log" >&2
}

# Stable is whatever release it is today; its name is asked for first, as mirrors
# may have newer lists of a release than of the word for it.
backports_look()
{
	local name

	backports_lists stable || return
	# shellcheck disable=SC2016
	name=$(backports_apt apt-get indextargets --format '$(CODENAME)' |
		head -n 1)
	[ -n "$name" ] && backports_lists "$name" "$name-backports" || return
	echo "$name-backports" > "$backports/release"
	touch "$backports/updated"
}

# backports_update [--offline]: look for newer packages once a day, or not; and wait
# until nobody else is at it.  Fails if nothing is known of them.
backports_update()
{
	command -v apt-get > /dev/null || return
	mkdir -p "$backports"/{lists,archives}/partial "$backports/etc" || return
	exec {backports_lock}> "$backports/lock"
	flock "$backports_lock"
	: > "$backports/status"
	backports_release=
	if [ "${1:-}" != --offline ] &&
	   [ -z "$(find "$backports/updated" -mmin -1440 2> /dev/null)" ]; then
		backports_look ||
			echo "cannot look for what is new in Debian's backports" >&2
	fi
	backports_release=$(cat "$backports/release" 2> /dev/null)
	[ -n "$backports_release" ]
}
