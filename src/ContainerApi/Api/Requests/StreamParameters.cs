namespace ContainerApi.Api.Requests;

/// <summary>Where a stream continues that a client has read in part.</summary>
internal sealed record StreamPosition(
    [Parameter("Continues after the event with this `seq`, the last one that the client has. `Last-Event-ID` has the same meaning, and counts "
        + "before this parameter.", Aliases = ["lastEventId"])]
    string? After,
    [Parameter("The `seq` of the last event that the client has. Browsers send it when they reconnect.", Name = ApiHeaders.LastEventId,
        In = ParameterPlace.Header)]
    string? LastEventId)
{
    /// <summary>The header is newer: a browser keeps the query when it reconnects.</summary>
    public string? Seq => LastEventId ?? After;
}

/// <summary>The texts of parameters that several streams share.</summary>
internal static class StreamParameters
{
    public const string Format = "The format of the stream. By default the `Accept` header decides, and NDJSON is used if there is none.";
}
