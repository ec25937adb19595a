namespace ContainerApi.Api.Requests;

/// <summary>A parameter of every read.</summary>
internal sealed record LocalParameter(
    [Parameter("Whether only this replica of the service answers. There is one replica, so the answer is the same.", Default = "false")]
    bool Local);
