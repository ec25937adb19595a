using ContainerApi.Api.Requests;

namespace ContainerApi.Api;

/// <summary>The field of a request that an error without messages by field is about, such as <c>name</c> for a name in use.</summary>
internal static class BlamedField
{
    /// <summary>The fields that can cause an error. The first one in the request counts.</summary>
    private static readonly Dictionary<ErrorCode, string[]> Candidates = new()
    {
        [ErrorCode.InvalidReference] = ["image", "reference", "tag", "tags"],
        [ErrorCode.InvalidDockerfile] = ["dockerfile", "path", "remote", "source"],
        [ErrorCode.InvalidContext] = ["path", "remote", "source"],
        [ErrorCode.ContextTooLarge] = ["path", "remote", "source"],
        [ErrorCode.ContextPathNotAllowed] = ["path", "source"],
        [ErrorCode.RemoteContextNotAllowed] = ["remote"],
        [ErrorCode.ContainerNotFound] = ["container", "networkMode", "network"],
        [ErrorCode.AmbiguousReference] = ["container", "reference", "image", "source"],
        [ErrorCode.ImageNotFound] = ["image", "reference"],
        [ErrorCode.BuildNotFound] = ["build"],
        [ErrorCode.EngineNotFound] = ["engine"],
        [ErrorCode.SourceNotFound] = ["source"],
        [ErrorCode.NameInUse] = ["name"],
        [ErrorCode.PortInUse] = ["ports"],
    };

    /// <summary>The fields to add, if the request has none of the error's.</summary>
    private static readonly Dictionary<ErrorCode, string> Missing = new()
    {
        [ErrorCode.RegistryUnauthorized] = "registryAuth",
    };

    /// <summary>The messages of an error by field, as the request names it; null if no field is to blame.</summary>
    /// <param name="names">The names in the request; null if it was not read.</param>
    public static IDictionary<string, string[]>? ErrorsOf(ApiException failure, FieldNames? names) =>
        failure.Errors is { Count: > 0 } errors ? errors
        : Find(failure, names) is { } field ? new Dictionary<string, string[]> { [field] = [failure.Message] }
        : null;

    private static string? Find(ApiException failure, FieldNames? names)
    {
        // A container in the path of a change was found before the engine was asked.
        var field = failure.Fields.FirstOrDefault(f => names?.IsSent(f) == true) ?? failure.Fields.FirstOrDefault(f => names?.Has(f) == true)
            ?? Candidates.GetValueOrDefault(failure.Code, []).FirstOrDefault(f =>
                names?.IsSent(f) == true && !(failure is EngineException && f == "container" && names.IsInRoute(f)))
            ?? Missing.GetValueOrDefault(failure.Code);
        return field is not null && names?.Has(field) == true ? names.NameOf(field) : null;
    }
}
