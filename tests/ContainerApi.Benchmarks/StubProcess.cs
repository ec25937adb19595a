using System.Diagnostics;
using ContainerApi.Stubs;

namespace ContainerApi.Benchmarks;

/// <summary>A stub engine in its own process: this program with another argument.</summary>
internal sealed class StubProcess : IDisposable
{
    public const string Argument = "stub";
    private readonly Process _process;

    private StubProcess(Process process, string endpoint) => (_process, Endpoint) = (process, endpoint);

    public string Endpoint { get; }

    public static StubProcess Start(int containers)
    {
        string[] arguments = ["exec", typeof(StubProcess).Assembly.Location, Argument, containers.ToString(CultureInfo.InvariantCulture)];
        var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        return new StubProcess(process, process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The stub did not start."));
    }

    /// <summary>Serves until standard input ends.</summary>
    public static async Task ServeAsync(int containers)
    {
        await using var engine = await DockerApiStub.StartAsync();
        for (var n = 0; n < containers; n++)
        {
            engine.Containers.Add(StubContainer.Generate(n));
        }

        Console.WriteLine(engine.Endpoint);
        await Console.In.ReadToEndAsync();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
