/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to the user: one line each, on standard error. */
#ifndef FTCPTUN_LOG_H
#define FTCPTUN_LOG_H

/**
 * enum log_level - what is worth a line
 * @LOG_ERROR: ftcptun cannot do what it was asked to do
 * @LOG_NOTICE: something an administrator wants to know once
 * @LOG_DEBUG: the life of single flows; with --verbose
 */
enum log_level {
	LOG_ERROR,
	LOG_NOTICE,
	LOG_DEBUG,
};

extern enum log_level log_limit;

void say(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif /* FTCPTUN_LOG_H */
