/* What error codes of the service mean. The code decides; the number of the status only where there is no code. */
#include "azure/azure.h"

#include <string.h>

static const struct {
	const char *code;
	enum azure_outcome outcome;
} codes[] = {
	{ "BlobNotFound", AZURE_ABSENT },
	{ "ResourceNotFound", AZURE_ABSENT },
	{ "PathNotFound", AZURE_ABSENT },
	{ "ContainerNotFound", AZURE_NO_CONTAINER },
	{ "FilesystemNotFound", AZURE_NO_CONTAINER },
	{ "BlobAlreadyExists", AZURE_EXISTS },
	{ "UnauthorizedBlobOverwrite", AZURE_EXISTS },		/* a SAS that may create only */
	{ "PathAlreadyExists", AZURE_EXISTS },
	{ "ConditionNotMet", AZURE_CHANGED },			/* EXISTS for a creation */
	{ "TargetConditionNotMet", AZURE_CHANGED },
	{ "SourceConditionNotMet", AZURE_CHANGED },
	{ "LeaseAlreadyPresent", AZURE_HELD },
	{ "LeaseIdMissing", AZURE_HELD },
	{ "LeaseIsBreakingAndCannotBeAcquired", AZURE_HELD },
	{ "LeaseIdMismatchWithBlobOperation", AZURE_LEASE_LOST },
	{ "LeaseIdMismatchWithLeaseOperation", AZURE_LEASE_LOST },
	{ "LeaseNotPresentWithBlobOperation", AZURE_LEASE_LOST },
	{ "LeaseNotPresentWithLeaseOperation", AZURE_LEASE_LOST },
	{ "LeaseLost", AZURE_LEASE_LOST },
	{ "LeaseIsBrokenAndCannotBeRenewed", AZURE_LEASE_LOST },
	{ "LeaseIsBreakingAndCannotBeChanged", AZURE_LEASE_LOST },
	{ "InvalidRange", AZURE_RANGE },
	{ "ServerBusy", AZURE_RETRY },
	{ "InternalError", AZURE_RETRY },
	{ "OperationTimedOut", AZURE_RETRY },
	{ "TooManyRequests", AZURE_RETRY },
	{ "AccountIsBusy", AZURE_RETRY },
	{ "IngressOverAccountLimit", AZURE_RETRY },
	{ "EgressOverAccountLimit", AZURE_RETRY },
	{ "OperationsPerSecondOverAccountLimit", AZURE_RETRY },
	{ "ContainerBeingDeleted", AZURE_AGAIN },
	{ "ContainerBeingDisabled", AZURE_AGAIN },
	{ "AccountBeingCreated", AZURE_AGAIN },
	{ "BlobBeingRehydrated", AZURE_AGAIN },
	{ "PendingCopyOperation", AZURE_AGAIN },
	{ "AuthenticationFailed", AZURE_DENIED },
	{ "AuthorizationFailure", AZURE_DENIED },
	{ "AuthorizationPermissionMismatch", AZURE_DENIED },
	{ "AuthorizationProtocolMismatch", AZURE_DENIED },
	{ "AuthorizationServiceMismatch", AZURE_DENIED },
	{ "AuthorizationSourceIPMismatch", AZURE_DENIED },
	{ "AuthorizationResourceTypeMismatch", AZURE_DENIED },
	{ "InsufficientAccountPermissions", AZURE_DENIED },
	{ "InvalidAuthenticationInfo", AZURE_EXPIRED },
	{ "NoAuthenticationInformation", AZURE_DENIED },
	{ "KeyBasedAuthenticationNotPermitted", AZURE_DENIED },
	{ "PublicAccessNotPermitted", AZURE_DENIED },
	{ "AccountIsDisabled", AZURE_DENIED },
	{ "BlobImmutableDueToPolicy", AZURE_DENIED },
	{ "BlobOperationNotSupported", AZURE_REFUSED },
	{ "FeatureNotSupported", AZURE_REFUSED },		/* of an emulator, with status 500 */
	{ "BlobArchived", AZURE_REFUSED },
	{ "DirectoryIsNotEmpty", AZURE_REFUSED },
	{ "InvalidBlobType", AZURE_REFUSED },
	{ "ResourceTypeMismatch", AZURE_REFUSED },
	{ "PathConflict", AZURE_REFUSED },
	{ "Md5Mismatch", AZURE_BROKEN },
	{ "Crc64Mismatch", AZURE_BROKEN },
};

static enum azure_outcome
by_status(int status)
{
	if (status >= 200 && status < 300)
		return AZURE_DONE;
	if (status == 401)
		return AZURE_EXPIRED;
	if (status == 403)
		return AZURE_DENIED;
	if (status == 404)
		return AZURE_ABSENT;
	if (status == 416)
		return AZURE_RANGE;
	if (status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504))
		return AZURE_RETRY;
	return AZURE_REFUSED;
}

enum azure_outcome
azure_meaning(int status, const char *code, bool creates)
{
	enum azure_outcome outcome = by_status(status);
	size_t i;

	if (outcome == AZURE_DONE)
		return outcome;
	for (i = 0; code != NULL && i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			outcome = codes[i].outcome;
	if (outcome == AZURE_CHANGED && creates)
		return AZURE_EXISTS;
	return outcome;
}
