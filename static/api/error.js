// What the server refused, as the page shows it.

export class ApiError extends Error {
  // code: the stable word; violations: [{path, message}]; requestId: for whoever runs the server.
  constructor(message, { code = 'UNKNOWN', violations = [], requestId = null, retryAfter = null } = {}) {
    super(message);
    this.code = code;
    this.violations = violations;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }

  static ofGraphql({ message, extensions = {} }) {
    return new ApiError(message, extensions);
  }

  static unreachable() {
    return new ApiError('The server cannot be reached. It may be restarting, or you are offline.', { code: 'UNREACHABLE' });
  }
}
