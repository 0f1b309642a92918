// SPDX-License-Identifier: GPL-2.0
/*
 * Get a table: from a file, or by HTTP.
 */
#include "ftcphosts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "../version.h"

#define REDIRECTS_MAX 10
#define CONNECT_TIMEOUT 20
#define ETAG_MAX 256

static int fetch_file(const struct source *s, struct buffer *answer)
{
	int fd = open(s->name, O_RDONLY | O_CLOEXEC);
	int code = DONE;

	if (fd < 0 || !buffer_read(answer, fd))
		code = fail("%s: %s", s->name,
			    answer->full ? "it is too large" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return code;
}

static size_t take_body(char *data, size_t size, size_t n, void *answer)
{
	return buffer_add(answer, data, size * n) ? size * n : 0;
}

/* Which is sent back as it came, and so had better be what it should be */
static bool is_etag(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < '!' || s[i] > '~')
			return false;
	return len && len <= ETAG_MAX;
}

/* Of several answers, when there are redirects, the last counts */
static size_t take_header(char *data, size_t size, size_t n, void *etag)
{
	static const char name[] = "etag:";
	const char *value = data + sizeof(name) - 1;
	size_t len = size * n;
	char **out = etag;

	if (len > 5 && !strncasecmp(data, "HTTP/", 5)) {
		free(*out);
		*out = NULL;
	}
	if (len < sizeof(name) || strncasecmp(data, name, sizeof(name) - 1))
		return len;
	len -= sizeof(name) - 1;
	while (len && isspace((unsigned char)*value)) {
		value++;
		len--;
	}
	while (len && isspace((unsigned char)value[len - 1]))
		len--;
	free(*out);
	*out = is_etag(value, len) ? format("%.*s", (int)len, value) : NULL;
	return size * n;
}

static void set_options(CURL *curl, const struct source *s)
{
	const char *protocols = strncasecmp(s->name, "http:", 5) ? "https" :
								   "https,http";

	curl_easy_setopt(curl, CURLOPT_URL, s->name);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)s->timeout);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)TABLE_MAX);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ftcphosts/" TOOLS_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	if (s->ca_file) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca_file);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
}

/* What came of it.  200 is a table, 304 means that it is the one we have. */
static int judge(CURL *curl, CURLcode err, const char *why, struct source *s,
		 const struct buffer *answer, bool *changed)
{
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	if (answer->full || err == CURLE_FILESIZE_EXCEEDED)
		return fail("%s: the answer is larger than %d bytes", s->shown,
			    TABLE_MAX);
	if (err)
		return fail("%s: %s", s->shown,
			    *why ? why : curl_easy_strerror(err));
	*changed = status == 200;
	if (*changed || (status == 304 && s->etag))
		return DONE;
	s->retry_after = wait > 0 && wait < 86400 ? (unsigned int)wait : 0;
	return fail("%s: the server says %ld", s->shown, status);
}

static int fetch_url(struct source *s, struct buffer *answer, bool *changed)
{
	char why[CURL_ERROR_SIZE] = "", *etag = NULL, *line;
	struct curl_slist *headers = NULL;
	CURL *curl = must(curl_easy_init());
	CURLcode err;
	int code;

	set_options(curl, s);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &etag);
	if (s->etag) {
		line = format("If-None-Match: %s", s->etag);
		headers = must(curl_slist_append(NULL, line));
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		free(line);
	}
	err = curl_easy_perform(curl);
	code = judge(curl, err, why, s, answer, changed);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code || !*changed) {
		free(etag);
		return code;
	}
	free(s->etag);
	s->etag = etag;
	return DONE;
}

/**
 * fetch() - get a table, whole; not @changed if it is the one that was got last, which
 * only a server can know.  Whoever cannot use it has to forget the source's etag.
 */
int fetch(struct source *s, struct buffer *answer, bool *changed)
{
	*changed = true;
	*answer = (struct buffer){ .max = TABLE_MAX };
	s->retry_after = 0;
	return s->is_url ? fetch_url(s, answer, changed) :
			   fetch_file(s, answer);
}
