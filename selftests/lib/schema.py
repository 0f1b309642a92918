#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
KIND: is standard input an array of such objects, as the schema of `ftcpctl show --json'
has them, and with no member that this does not know?  `ftcptun': a document as that of
`ftcptun --json' has it?
"""
import json, os, sys
import jsonschema

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')

kind = sys.argv[1]
name = 'ftcptun' if kind == 'ftcptun' else 'show'
schema = json.load(open(os.path.join(TOP, 'Documentation', name + '.schema.json')))
have = json.load(sys.stdin)
jsonschema.Draft7Validator.check_schema(schema)


def close(part):
    """Members may be added, but not without being said"""
    if isinstance(part, dict):
        if 'properties' in part:
            part['additionalProperties'] = False
        for value in part.values():
            close(value)


errors = list(jsonschema.Draft7Validator(schema).iter_errors(have))
close(schema)
if name == 'show':
    schema['items'] = {'$ref': '#/definitions/' + kind}
    del schema['anyOf']
errors += jsonschema.Draft7Validator(schema).iter_errors(have)
if not have:
    sys.exit('nothing in it')
if errors:
    sys.exit('\n'.join('%s: %s' % ('/'.join(map(str, e.path)), e.message[:300]) for e in errors))
