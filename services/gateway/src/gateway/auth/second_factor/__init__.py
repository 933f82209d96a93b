"""The second factor of local accounts: apps (TOTP, RFC 6238), security keys (WebAuthn), and recovery codes."""
