/**
 * The errors of the ECS API, by their exact names. `message` says what is wrong, where, and what would be right.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
 */
const clientErrors = {
  ClientException: 400,
  InvalidParameterException: 400,
  ClusterNotFoundException: 400,
  ClusterContainsContainerInstancesException: 400,
  ClusterContainsServicesException: 400,
  ClusterContainsTasksException: 400,
  ClusterContainsCapacityProviderException: 400,
  ServiceNotFoundException: 400,
  ServiceNotActiveException: 400,
  TargetNotFoundException: 400,
  AttributeLimitExceededException: 400,
  ResourceNotFoundException: 400,
  ResourceInUseException: 400,
  UnsupportedFeatureException: 400,
  ConflictException: 400,
  LimitExceededException: 400,
  UpdateInProgressException: 400,
  PlatformUnknownException: 400,
  AccessDeniedException: 400,
  // Front door
  UnknownOperationException: 400,
  SerializationException: 400,
  ValidationException: 400,
  IncompleteSignatureException: 400,
  InvalidSignatureException: 400,
  SignatureDoesNotMatch: 403,
  UnrecognizedClientException: 400,
  MissingAuthenticationTokenException: 400,
  RequestExpired: 400,
  RequestEntityTooLargeException: 413,
  ThrottlingException: 400,
} as const;

const serverErrors = { ServerException: 500, ServiceUnavailableException: 503 } as const;

export type ApiErrorCode = keyof typeof clientErrors | keyof typeof serverErrors;

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly status: number;
  /** Further members of the error's body (`resourceIds` of ConflictException …). */
  readonly members: Record<string, unknown>;

  constructor(code: ApiErrorCode, message: string, members: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.status = { ...clientErrors, ...serverErrors }[code];
    this.members = members;
  }
}
