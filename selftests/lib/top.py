#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Run a command on a terminal of 80 columns and 10 lines, as somebody who presses the keys
of ftcpctl top, and wait for what each brings.
"""
import fcntl, os, pty, re, select, struct, sys, termios, time

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 10, 80, 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if not pid:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.execvp(sys.argv[1], sys.argv[1:])
seen = ''


def expect(pattern):
    """... in what comes from now on"""
    global seen
    text, end = '', time.monotonic() + 30
    while not re.search(pattern, text, re.S):
        left = end - time.monotonic()
        if left <= 0 or not select.select([master], [], [], left)[0]:
            os.kill(pid, 9)
            sys.exit('no %r in %r' % (pattern, text))
        text += os.read(master, 65536).decode()
    seen += text


expect(r'\d+ \w+, by bytes   .*RX bit/s.*\d[kM] .*\033\[J')
for key, pattern in (('s', 'by packets  '), ('s', 'by received  '), ('s', 'by sent  '),
                     ('s', 'by bytes  '), ('p', 'by bytes, paused'), ('p', 'by bytes  ')):
    os.write(master, key.encode())
    expect(pattern + r'.*\033\[J')
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 4, 40, 0, 0))
os.kill(pid, 28)    # SIGWINCH
expect(r'\033\[H[^\r]{40}\033\[K\r.*\033\[J')
# Whatever it does when a signal comes, it goes on, also if the terminal is slow
for _ in range(2000):
    os.kill(pid, 28)
expect(r'\033\[H.*\033\[J')
os.write(master, b'q')
expect(r'\033\[\?1049l')
status = os.waitpid(pid, 0)[1]
assert status == 0, status
assert termios.tcgetattr(slave) == before, 'the terminal is left as it was not'
plain = re.sub(r'\033\[\??\d*[a-zA-Z]', '', seen)
lines = plain.split('\r\n')
assert max(map(len, lines)) <= 80, max(lines, key=len)
print('\n'.join(lines[:4]))
