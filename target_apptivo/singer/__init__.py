"""Where it meets the Singer SDK: messages, schemas, stream maps and sinks."""
