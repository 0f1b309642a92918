// SPDX-License-Identifier: GPL-2.0
/*
 * top: what flows and tunnels carry each second.  On a terminal a screen that is drawn
 * anew, with keys; else one table after the other.
 */
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "rates.h"

#define KEYS "q quit, s sort, p pause"
#define ENTER "\033[?1049h\033[?25l" /* another screen, no cursor */
#define LEAVE "\033[?25h\033[?1049l"

static const char *const orders[] = { "bytes", "packets", "received", "sent" };

static unsigned int order;
static bool screen, paused;
static volatile sig_atomic_t stopped;

static double weight(const struct row *r)
{
	const double *n = r->rate;

	return order == 0 ? n[RX_BYTES] + n[TX_BYTES] :
	       order == 1 ? n[RX_PACKETS] + n[TX_PACKETS] :
	       order == 2 ? n[RX_BYTES] :
			    n[TX_BYTES];
}

static int by_weight(const void *a, const void *b)
{
	double x = weight(a), y = weight(b);

	return x < y ? 1 : x > y ? -1 : by_key(a, b);
}

/* A line, which a screen has no more room for than its width */
static void put_line(const char *text, size_t width)
{
	size_t n = 0, len;

	for (; *text && (!screen || n++ < width); text += len) {
		len = utf8_length(text);
		fwrite(text, 1, len, stdout);
	}
	fputs(screen ? "\033[K\r\n" : "\n", stdout);
}

static void put_row(const struct row *r, size_t width)
{
	char n[RATES][SHORT_STRLEN], buf[VALUE_STRLEN], line[512];
	bool flow = r->o->of == OF_FLOW;
	int k;

	for (k = 0; k < RATES; k++)
		format_rate(n[k], r->rate[k] * (k <= TX_BYTES ? 8 : 1));
	snprintf(line, sizeof(line), "%8s %8s %6s %6s  %-11s %-10s %s",
		 n[RX_BYTES], n[TX_BYTES], n[RX_PACKETS], n[TX_PACKETS],
		 object_format(r->o, flow ? FTCP_A_STATE : FTCP_A_FLOWS, buf),
		 object_text(r->o, FTCP_A_TUNNEL),
		 flow ? object_format(r->o, FTCP_A_REMOTE, buf) :
			object_text(r->o, FTCP_A_IFNAME));
	put_line(line, width);
}

static void draw(struct look *r, bool flows)
{
	struct winsize size = {};
	size_t i, n = r->list.n, width, lines;
	char line[256];

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	width = size.ws_col ?: 80;
	lines = size.ws_row ?: 24;
	qsort(r->rows, n, sizeof(*r->rows), by_weight);
	if (screen) {
		snprintf(line, sizeof(line), "%zu %s, by %s%s   (%s)", n,
			 flows ? "flows" : "tunnels", orders[order],
			 paused ? ", paused" : "", KEYS);
		fputs("\033[H", stdout);
		put_line(line, width);
		/* heading, and the cursor's */
		n = n + 3 > lines ? (lines > 3 ? lines - 3 : 0) : n;
	}
	snprintf(line, sizeof(line), "%8s %8s %6s %6s  %-11s %-10s %s",
		 "RX bit/s", "TX bit/s", "RX/s", "TX/s",
		 flows ? "STATE" : "FLOWS", "TUNNEL",
		 flows ? "REMOTE" : "LINK");
	put_line(line, width);
	for (i = 0; i < n; i++)
		put_row(&r->rows[i], width);
	fputs(screen ? "\033[J" : "\n", stdout);
	fflush(stdout);
	qsort(r->rows, r->list.n, sizeof(*r->rows), by_key);
}

static void stop(int signal)
{
	stopped = signal;
}

/* Another size: the call that waits returns */
static void wake(int signal)
{
	(void)signal;
}

/* Wait, and draw again whatever a key or another size asks for */
static void wait_for_keys(double seconds, struct look *r, bool flows)
{
	struct pollfd keys = { .fd = screen ? STDIN_FILENO : -1,
			       .events = POLLIN };
	double end = now() + seconds, left;
	char key = 0;

	while (!stopped && ((left = end - now()) > 0 || paused)) {
		int n = poll(&keys, 1, paused ? 1000 : (int)(left * 1000) + 1);

		if (n > 0 && read(STDIN_FILENO, &key, 1) != 1)
			keys.fd = -1, paused = false;
		if (n > 0 && key == 'q')
			stopped = true;
		else if (n > 0 && key == 's')
			order = (order + 1) % ARRAY_SIZE(orders);
		else if (n > 0 && key == 'p')
			paused = !paused;
		if (n && screen && !stopped)
			draw(r, flows);
	}
}

/* Look again and again, until it was often enough */
static int watch(bool flows, struct filter *filter, struct look *last,
		 uint32_t count, double delay)
{
	int cmd = flows ? FAKETCP_CMD_FLOW_GET : FAKETCP_CMD_TUNNEL_GET;
	int code = DONE;
	uint32_t i;

	if (screen)
		draw(last, flows);
	for (i = 0; !code && (!count || i < count) && !ferror(stdout); i++) {
		struct look next = {};

		wait_for_keys(delay, last, flows);
		if (stopped)
			break;
		code = look_take(cmd, filter, &next, last);
		look_free(last);
		*last = next;
		if (!code)
			draw(last, flows);
	}
	return code;
}

/* The same on a screen of its own, which messages would be lost on */
static int watch_screen(bool flows, struct filter *filter, struct look *last,
			uint32_t count, double delay)
{
	/* It interrupts nobody but poll(), neither a list nor a line half written */
	struct sigaction on_signal = { .sa_handler = stop,
				       .sa_flags = SA_RESTART };
	struct termios was, raw;
	int code;

	if (tcgetattr(STDIN_FILENO, &was))
		return watch(flows, filter, last, count, delay);
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	sigaction(SIGHUP, &on_signal, NULL);
	on_signal.sa_handler = wake;
	sigaction(SIGWINCH, &on_signal, NULL);
	raw = was;
	raw.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	screen = filter->quiet = true;
	fputs(ENTER, stdout);
	code = watch(flows, filter, last, count, delay);
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &was);
	return code ? refused("the link or the module is gone") : DONE;
}

static int run_top(const char *const *given)
{
	const char *object = given[WORD_OBJECT], *text = given[WORD_DELAY];
	bool flows = !object || strcmp(object, "tunnels");
	struct look first = {}, none = {};
	struct filter filter;
	uint32_t count = 0;
	double delay = 2;
	char *end = "";
	int code;

	if (text)
		delay = strtod(text, &end);
	if (text && (!*text || *end || !(delay >= 0.1 && delay <= 3600)))
		return wrong("-d", text, "expected seconds, 0.1 to 3600");
	text = given[WORD_COUNT];
	if (text && (!scan_u32(text, &count) || !count))
		return wrong("-n", text, "expected a number above 0");
	code = ipc_filter(given, &filter);
	code = code  ?:
		       look_take(flows ? FAKETCP_CMD_FLOW_GET :
					 FAKETCP_CMD_TUNNEL_GET,
				 &filter, &first, &none);
	if (!code)
		code = (isatty(STDOUT_FILENO) ? watch_screen : watch)(
			flows, &filter, &first, count, delay);
	look_free(&first);
	return code;
}

const struct verb top = {
	.verb = "top",
	.synopsis =
		"[flows|tunnels] [dev LINK] [tunnel NAME] [-n COUNT] [-d SECONDS]\n",
	.help = "Show what flows, or tunnels, carry each second, those with most first.\n"
		"\n"
		"  dev LINK    of this link only\n"
		"  tunnel NAME of this tunnel only\n"
		"  -n COUNT    end after this many tables\n"
		"  -d SECONDS  from one to the next (2)\n"
		"\n"
		"Keys: s sorts by bytes, packets, received, sent; p pauses; q ends.  Where the\n"
		"output is no terminal, one table follows the other.\n",
	.words =
		(const struct word[]){
			{ "dev", FTCP_A_IFINDEX, VALUE },
			{ "tunnel", FTCP_A_TUNNEL, VALUE },
			{ "flows", WORD_OBJECT, FLAG },
			{ "tunnels", WORD_OBJECT, FLAG },
			{ "-n", WORD_COUNT, VALUE },
			{ "-d", WORD_DELAY, VALUE },
			{},
		},
	.run = run_top,
};
