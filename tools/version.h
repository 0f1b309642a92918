/* SPDX-License-Identifier: GPL-2.0 */
/* The version of the tools. */
#ifndef TOOLS_VERSION_H
#define TOOLS_VERSION_H

#define TOOLS_VERSION "0.1"

#endif /* TOOLS_VERSION_H */
