//! The HTTP transport: decode, call one operation, reply.
