"""A plan: a ramp and the legs that serve it, and its diffable JSON.

The JSON is the contract between the jobs (format 1): keys in a fixed order, numbers rounded
to 6 decimals, no clock time, so that equal input gives equal bytes. Readers ignore keys that
they do not know. A leg carries all of its track's beats, so that export, push and render
need no library.
"""
