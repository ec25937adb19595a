namespace ContainerApi.Api.Requests;

/// <summary>A parameter of every read.</summary>
internal sealed record LocalParameter(
    [Parameter("Whether only this replica of the service answers, without the other replicas of its cluster.", Default = "false")]
    bool Local);
