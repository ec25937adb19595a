using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Tests.Engine.Docker;

public sealed class ProcessTranslationTests
{
    [Theory]
    [InlineData("Wed Nov 25 13:21:45 2026", 59, "13:22:44.01Z")]
    [InlineData("Wed Nov 25 13:21:45 2026", 59, "13:22:45.99Z")]
    [InlineData("Wed Nov 25 13:21:45 2026", 60, "13:22:44.01Z")]
    [InlineData("Wed Nov 25 19:06:45 2026", 60, "13:22:46Z")]
    [InlineData("Wed Nov 25 08:21:45 2026", 60, "13:22:44Z")]
    [InlineData("Thu Nov 26 03:21:45 2026", 60, "13:22:44Z")]
    public void Start_of_a_process_is_the_same_at_every_reading_and_in_every_time_zone(string start, int elapsed, string now)
    {
        var top = new ContainerTop(
            ["PID", "PPID", "UID", "USER", "ELAPSED", "TIME", "RSS", "STARTED", "COMMAND"],
            [$"8 7 0 domain users {elapsed} 2 812 {start} sh -c echo 1".Split(' ', 9)]);

        var process = Assert.Single(ProcessTranslation.ToProcesses(top, DateTimeOffset.Parse($"2026-11-25T{now}", CultureInfo.InvariantCulture)));

        Assert.Equal(new DateTimeOffset(2026, 11, 25, 13, 21, 45, TimeSpan.Zero), process.StartedAt);
        Assert.Equal(("domain users", "sh -c echo 1", 812 * 1024L), (process.User, process.Command, process.MemoryBytes));
    }
}
