
namespace ContainerApi.Engines;

/// <summary>Pure: what an engine cannot do, from the versions that it tells.</summary>
internal static class EngineLimits
{
    private static readonly Version OneShotStatistics = new(1, 42);
    private static readonly Version HealthInList = new(1, 52);

    public static IReadOnlyList<EngineLimit> Of(EngineInfo info)
    {
        var limits = new List<EngineLimit>();
        if (!Version.TryParse(info.ApiVersion, out var api))
        {
            return limits;
        }

        if (api < OneShotStatistics)
        {
            limits.Add(new EngineLimit("instant_statistics",
                $"API {api} answers for statistics only at its collector's next tick, up to a second later; {OneShotStatistics} and later answer at once."));
        }

        if (api < HealthInList)
        {
            limits.Add(new EngineLimit("health_in_list",
                $"API {api} tells a container's health only within its status text, from which it is read; {HealthInList} and later have a field for it."));
        }

        if (info.OsType is "windows")
        {
            limits.Add(new EngineLimit("processes", "A Windows engine lists processes in a form of its own that this service does not read."));
        }

        return limits;
    }
}
