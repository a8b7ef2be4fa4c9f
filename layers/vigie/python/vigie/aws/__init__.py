"""boto3 behind the ports; every ClientError is translated here."""
