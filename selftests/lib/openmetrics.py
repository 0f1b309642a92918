#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Is standard input OpenMetrics text, as its grammar has it, of counters and gauges only?
With a Grafana dashboard: does that name metrics and labels only that are in there?
"""
import json, re, sys

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
TEXT = r'(?:[^\n"\\]|\\["n\\])*'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="(' + TEXT + r')"')
SAMPLE = re.compile(r'(%s)(?:\{(.*)\})? (\d+(?:\.\d+)?)' % NAME)
META = re.compile(r'# (TYPE|UNIT|HELP) (%s) (.*)' % NAME)


def labels_of(text):
    labels, at = {}, 0
    while at < len(text or ''):
        m = LABEL.match(text, at)
        assert m, 'labels: ' + text
        assert m[1] not in labels, m[1] + ' twice'
        labels[m[1]] = m[2]
        at = m.end()
        assert at == len(text) or text[at] == ',', 'labels: ' + text
        at += 1
        assert at != len(text), 'a comma at the end: ' + text
    return labels


def check(text):
    """Return the labels of each metric that there are samples of"""
    assert text.endswith('\n# EOF\n') or text == '# EOF\n', 'no # EOF at the end'
    family, kind, meta, sampled = None, None, set(), False
    families, samples, found = set(), set(), {}
    for line in text[:-len('# EOF\n')].split('\n')[:-1]:
        m = META.fullmatch(line)
        if m:
            what, name, value = m.groups()
            if name != family:
                assert name not in families, name + ': its lines are not together'
                families.add(name)
                family, kind, meta, sampled = name, None, set(), False
            assert not sampled, line + ': behind a sample'
            assert what not in meta, line + ': twice'
            meta.add(what)
            if what == 'TYPE':
                assert value in ('counter', 'gauge'), line
                kind = value
            elif what == 'UNIT':
                assert name.endswith('_' + value), line
            else:
                assert re.fullmatch(r'(?:[^\\"]|\\["n\\])*', value), line
            continue
        m = SAMPLE.fullmatch(line)
        assert m, 'no sample: ' + line
        name, labels = m[1], labels_of(m[2])
        assert kind, line + ': no TYPE'
        assert name == family + ('_total' if kind == 'counter' else ''), line
        assert kind == 'gauge' or not family.endswith('_total'), line
        key = (name, tuple(sorted(labels.items())))
        assert key not in samples, line + ': twice'
        samples.add(key)
        sampled = True
        found.setdefault(name, set()).update(labels)
    for name in families:
        clash = name + '_total'
        assert clash not in families, clash
    return found


def uses(dashboard):
    """All queries in it"""
    if isinstance(dashboard, dict):
        for key, value in dashboard.items():
            if key in ('expr', 'query', 'definition') and isinstance(value, str):
                yield value
            yield from uses(value)
    elif isinstance(dashboard, list):
        for value in dashboard:
            yield from uses(value)


def check_dashboard(dashboard, found):
    known = {'dev', 'tunnel', 'instance', 'job'}.union(*found.values())
    n = 0
    for expr in uses(dashboard):
        names = re.findall(r'\bfaketcp_\w+', expr)
        for name in names:
            assert name in found, name + ': no such metric'
        if not names:
            continue
        n += 1
        for inside in re.findall(r'\{([^}]*)\}', expr):
            for label in re.findall(r'(\w+)\s*[=!]', inside):
                assert label in known, label + ': no such label'
        for inside in re.findall(r'\bby \(([^)]*)\)', expr):
            for label in inside.split(','):
                assert label.strip() in known, label + ': no such label'
    assert n, 'no query in it'
    legends = re.findall(r'\{\{(\w+)\}\}', json.dumps(dashboard))
    for label in legends:
        assert label in known, label + ': no such label'


try:
    have = check(sys.stdin.buffer.read().decode())
    if len(sys.argv) > 1:
        check_dashboard(json.load(open(sys.argv[1])), have)
except (AssertionError, UnicodeDecodeError, ValueError) as e:
    sys.exit('%s: %s' % (type(e).__name__, e))
