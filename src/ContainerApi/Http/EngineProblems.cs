namespace ContainerApi.Http;

internal static class EngineProblems
{
    /// <summary>Documents what any call to an engine can end with, and <paramref name="statuses"/> of its own.</summary>
    public static RouteHandlerBuilder ProducesEngineProblems(this RouteHandlerBuilder builder, params IEnumerable<int> statuses)
    {
        foreach (var status in statuses.Concat([StatusCodes.Status502BadGateway, StatusCodes.Status503ServiceUnavailable, StatusCodes.Status504GatewayTimeout]))
        {
            builder.ProducesProblem(status);
        }

        return builder;
    }
}
