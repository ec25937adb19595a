using ContainerApi.Containers.Watch;
using ContainerApi.Engine;

namespace ContainerApi.Containers.Logs;

/// <summary>What a followed stream does with the events of a watch.</summary>
internal sealed partial class LogStream
{
    public static ErrorInfo TooMany { get; } = new(
        ErrorCode.InvalidRequest.Code, $"A stream has the logs of at most {MaxContainers} containers. Use filters.");

    private void TakeEvent(WatchEvent happened, CancellationToken cancellationToken)
    {
        switch (happened)
        {
            case WatchSnapshot snapshot:
                ReportEngines(snapshot.Engines);
                foreach (var container in snapshot.Items)
                {
                    Appear(container, isNew: false, cancellationToken);
                }

                break;
            case WatchAdded added:
                Appear(added.Container, isNew: true, cancellationToken);
                break;
            case WatchChanged changed:
                Appear(changed.Container, isNew: true, cancellationToken);
                break;
            case WatchRemoved removed:
                _sources.GetValueOrDefault((removed.Engine, removed.ContainerId))?.Wake();
                break;
            case WatchEngine { Engine: var engine }:
                ReportEngines([engine]);
                foreach (var source in _sources.Values.Where(s => s.Engine.Name == engine.Name))
                {
                    source.Wake();
                }

                break;
        }
    }

    /// <param name="isNew">Whether the container began to match after the stream began.</param>
    private void Appear(Container container, bool isNew, CancellationToken cancellationToken)
    {
        if (_sources.TryGetValue((container.Engine, container.Id), out var known))
        {
            known.Name = container.Name;
            known.Wake();
        }
        else if (!scope.IsOne && engines.All.FirstOrDefault(e => e.Name == container.Engine) is { } engine)
        {
            if (_merger.Sources.Count >= MaxContainers)
            {
                _isComplete = false;
                Write(new ContainerLogUnreadable(container.Engine, container.Id, container.Name, TooMany));
                return;
            }

            Open(new LogContainer(engine, container.Id, container.Name), isNew, cancellationToken);
        }
    }

    /// <summary>Writes the engines that do not answer, and those that answer again.</summary>
    private void ReportEngines(IEnumerable<EngineReport> engines)
    {
        foreach (var engine in engines)
        {
            if (_engineStates.GetValueOrDefault(engine.Name, EngineStates.Ok) != engine.State)
            {
                Write(new ContainerLogEngine(engine));
            }

            _engineStates[engine.Name] = engine.State;
            _isComplete &= engine.State == EngineStates.Ok;
        }
    }

    private async Task PumpAsync(IAsyncEnumerable<WatchEvent> watch, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var happened in watch.WithCancellation(cancellationToken))
            {
                _merger.Signals.Writer.TryWrite(happened);
                await _watchTaken.Reader.ReadAsync(cancellationToken);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _merger.Signals.Writer.TryWrite(e);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
