-- Components by what they can do: what few can is found at once among very many.

CREATE INDEX capabilities_capability ON capabilities (capability, component);
