using ContainerApi.Api.Requests;

namespace ContainerApi.Api;

/// <summary>The field of a request that an error without fields is about, such as <c>name</c> for a name in use.</summary>
internal static class BlamedField
{
    /// <summary>The fields that can cause an error. The first one that the endpoint has counts.</summary>
    private static readonly Dictionary<ErrorCode, string[]> Candidates = new()
    {
        [ErrorCode.InvalidReference] = ["image", "reference", "tag"],
        [ErrorCode.RegistryUnauthorized] = ["registryAuth"],
        [ErrorCode.ContextPathNotAllowed] = ["path"],
        [ErrorCode.RemoteContextNotAllowed] = ["remote"],
        [ErrorCode.ContainerNotFound] = ["container", "networkMode", "network"],
        [ErrorCode.AmbiguousReference] = ["container"],
        [ErrorCode.ImageNotFound] = ["image", "reference"],
        [ErrorCode.BuildNotFound] = ["build"],
        [ErrorCode.EngineNotFound] = ["engine", "name"],
        [ErrorCode.SourceNotFound] = ["source"],
        [ErrorCode.NameInUse] = ["name"],
        [ErrorCode.PortInUse] = ["ports"],
    };

    /// <param name="isOfEngine">Whether an engine reports the error. A container in the path was found before.</param>
    public static string? Find(ErrorCode code, Endpoint? endpoint, bool isOfEngine)
    {
        var fields = (endpoint?.Metadata.GetOrderedMetadata<RequestMetadata>() ?? [])
            .SelectMany(m => m.Definition.Parameters)
            .Where(p => !(isOfEngine && p.Declaration.In == ParameterPlace.Route && p.Name == "container"))
            .Select(p => p.Name).ToHashSet();
        return Candidates.GetValueOrDefault(code, []).FirstOrDefault(fields.Contains);
    }
}
