"""A deployment rehearsed without an account: the CDK's own `deploy` to moto's server, and a frame."""
