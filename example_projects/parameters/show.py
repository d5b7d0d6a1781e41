"""Print the arguments as JSON, and whether the secret came through the environment."""

import json
import os
import sys

print(json.dumps({"arguments": sys.argv[1:], "secret": "RUNNER_SECRET_TOKEN" in os.environ}))
