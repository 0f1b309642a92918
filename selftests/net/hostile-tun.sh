#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# hostile.sh with ftcptun at both ends.

exec "$(dirname "$0")/hostile.sh" ftcptun
