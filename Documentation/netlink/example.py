#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
example.py YNL: who is connected, asked by the netlink library in the kernel's source.
YNL is its directory tools/net/ynl, in newer kernels tools/net/ynl/pyynl.
"""
import os, socket, sys
sys.path.append(sys.argv[1])
from lib import YnlFamily

spec = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'specs', 'faketcp.yaml')
for flow in YnlFamily(spec, schema='').dump('flow-get', {}):
    end = flow['remote']    # struct sockaddr_in or sockaddr_in6
    family = int.from_bytes(end[:2], sys.byteorder)
    address = end[4:8] if family == socket.AF_INET else end[8:24]
    print(flow['tunnel'], flow['state'], socket.inet_ntop(family, address),
          int.from_bytes(end[2:4], 'big'), flow['stats']['tx-bytes'])
