"""Library + ramp -> Plan, pure and deterministic."""
