# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the runners of tests have in common: results as KTAP, counted at the end,
# and suites of tests one after the other or side by side.  Sourced, in the
# repository's top directory.

mkdir -p build
results=$(mktemp "$PWD/build/results.XXXXXX")
trap 'rm -rf "$results" "$results".*' EXIT
suites=0

# A result of a whole suite, or of something that is not a test.
result()
{
	suites=$((suites + 1))
	echo "$1 $suites $2" | tee -a "$results"
}

# suite_result NAME STATUS FILE: that of a suite, from its status and output
suite_result()
{
	cat "$3" >> "$results"
	if [ "$2" -eq 4 ]; then
		result ok "$1 # SKIP"
	elif [ "$2" -ne 0 ]; then
		result 'not ok' "$1 # exit=$2"
	elif ! grep -Eq '^[# ]*(not )?ok [0-9]' "$3"; then
		result 'not ok' "$1 # no results"
	elif grep -Eq '^[# ]*not ok [0-9]' "$3"; then
		result 'not ok' "$1"
	else
		result ok "$1"
	fi
}

# Run a suite of tests as one KTAP test whose parts are the suite's results.
suite()
{
	local name=$1 status begin=$SECONDS

	shift
	echo "# $name"
	"$@" 2>&1 < /dev/null | sed -u 's/^/    /' | tee "$results.suite"
	status=${PIPESTATUS[0]}
	echo "# $name: $((SECONDS - begin)) s"
	echo "$name $((SECONDS - begin))" >> "$results.times"
	suite_result "$name" "$status" "$results.suite"
}

# Count the results: those that are not the sum of others, nested more deeply and
# printed before; and a sum that failed when none of its parts did.  Say again
# what failed, and in which sum.
count()
{
	awk '
	/^[# \t]*Bail out!/ { failed++ }
	/^[# \t]*(not )?ok [0-9]/ {
		match($0, /^[# \t]*/)
		depth = RLENGTH
		bad = /^[# \t]*not ok/
		parts = parts_bad = 0
		while (top > 0 && level[top] > depth) {
			parts = 1
			parts_bad = parts_bad || level_bad[top--]
		}
		if (!parts && /# *[Ss][Kk][Ii][Pp]/)
			skipped++
		else if (!parts && !bad)
			passed++
		else if (bad && !parts_bad)
			failed++
		if (bad)
			said = said $0 "\n"
		if (top == 0 || level[top] < depth) {
			level[++top] = depth
			level_bad[top] = 0
		}
		level_bad[top] = level_bad[top] || bad
	}
	END {
		printf "%s%d passed, %d failed, %d skipped\n", said, passed, failed, skipped
		exit failed > 0 || passed == 0
	}' "$results"
}

# Build what is to be tested, quietly unless that fails.
build()
{
	local name=$1

	shift
	echo "# building $name"
	if ! "$@" > "$results.suite" 2>&1 < /dev/null; then
		sed 's/^/    # /' "$results.suite"
		result 'not ok' "building $name"
		return 1
	fi
	grep -E 'warning:' "$results.suite" | sed 's/^/    # /'
	return 0
}

# ---- Suites side by side -----------------------------------------------------
#
# Those that take longest begin first.  How long each took is remembered in
# build/durations, one "NAME SECONDS" a line; ./durations has what it was once.
# NAME@WHERE takes as long as NAME, as far as is known.

job_names=() job_commands=() job_seconds=() job_kinds=()
declare -A job_of=() job_began=() jobs_running=()

# job NAME COMMAND...: a suite for run_jobs; of a kind, if $kind says so; before
# others, whatever they take, if $urgency, a number, is higher
job()
{
	local seconds

	# What is there first counts.
	seconds=$(cat build/durations selftests/durations 2> /dev/null |
		awk -v name="$1" -v base="${1%@*}" '
			$1 == name { found = $2; exit }
			$1 == base && !near { near = $2 }
			END { print found ? found : near }')
	job_names+=("$1")
	shift
	job_commands+=("$(printf '%q ' "$@")")
	job_seconds+=($((${seconds:-30} + ${urgency:-0} * 100000)))
	job_kinds+=("${kind:-any}")
}

# run_jobs N [KIND=N...]: all of them, N at once, and of a kind no more than that;
# what each printed is shown when it has ended
run_jobs()
{
	local total=$1 limit order i kind begin=$SECONDS
	declare -A limits=()

	shift
	for limit in "$@"; do
		limits[${limit%=*}]=${limit#*=}
	done
	order=$(for i in "${!job_names[@]}"; do
		echo "${job_seconds[i]} $i"
	done | sort -k 1,1nr -k 2,2n | cut -d ' ' -f 2)
	while i=$(next_job $order); do
		if [ -z "$i" ]; then
			job_ended
			continue
		fi
		kind=${job_kinds[i]}
		order=$(grep -vx "$i" <<< "$order")
		(eval "exec ${job_commands[i]}") > "$results.job.$i" 2>&1 < /dev/null &
		job_of[$!]=$i
		job_began[$!]=$SECONDS
		jobs_running[$kind]=$((${jobs_running[$kind]:-0} + 1))
	done
	while [ "${#job_of[@]}" -gt 0 ]; do
		job_ended
	done
	job_names=() job_commands=() job_seconds=() job_kinds=()
	echo "# all of these: $((SECONDS - begin)) s"
}

# next_job JOB...: the first that may begin now, or an empty line; fails if there
# are no more.  Uses the variables of run_jobs.
next_job()
{
	local i

	[ $# -gt 0 ] || return
	if [ "${#job_of[@]}" -lt "$total" ]; then
		for i in "$@"; do
			kind=${job_kinds[i]}
			[ "${jobs_running[$kind]:-0}" -ge "${limits[$kind]:-$total}" ] &&
				continue
			echo "$i"
			return
		done
	fi
	echo
}

# End the jobs, for a signal's handler.
kill_jobs()
{
	[ "${#job_of[@]}" -eq 0 ] || kill "${!job_of[@]}" 2> /dev/null
	wait
}

# One of run_jobs has ended, or will.
job_ended()
{
	local status=0 i pid kind seconds

	wait -n -p pid "${!job_of[@]}" || status=$?
	i=${job_of[$pid]} kind=${job_kinds[i]}
	seconds=$((SECONDS - ${job_began[$pid]}))
	unset "job_of[$pid]"
	jobs_running[$kind]=$((${jobs_running[$kind]} - 1))
	echo "# ${job_names[i]}"
	sed 's/^/    /' "$results.job.$i" | tee "$results.suite"
	echo "# ${job_names[i]}: $seconds s"
	suite_result "${job_names[i]}" "$status" "$results.suite"
	rm -f "$results.job.$i"
	remember_duration "${job_names[i]}" "$seconds"
}

# Two runs at once may forget something, and no more than that.
remember_duration()
{
	echo "$1 $2" >> "$results.times"
	{
		awk -v name="$1" '$1 != name' build/durations 2> /dev/null
		echo "$1 $2"
	} > "$results.durations" && mv "$results.durations" build/durations
}

# slowest N: of the suites that have run
slowest()
{
	[ -e "$results.times" ] || return 0
	echo "# the slowest:"
	sort -k 2,2nr "$results.times" | head -n "$1" | sed 's/^/#   /; s/$/ s/'
}
