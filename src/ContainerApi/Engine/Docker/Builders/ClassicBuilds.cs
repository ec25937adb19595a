namespace ContainerApi.Engine.Docker.Builders;

/// <summary>Keeps classic builds and prunes of images apart: between two steps nothing uses the last image of a build, and a prune would
/// remove it. Builds of other clients of the engine are not known here.</summary>
internal sealed class ClassicBuilds
{
    private readonly Lock _lock = new();
    private int _builds;
    private int _prunes;
    private TaskCompletionSource _prunesEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Begins a build after all prunes that run.</summary>
    public async Task<IDisposable> BeginBuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task ended;
            lock (_lock)
            {
                if (_prunes == 0)
                {
                    _builds++;
                    return new Running(() => _builds--, _lock);
                }

                ended = _prunesEnded.Task;
            }

            await ended.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Begins a prune; null while a build runs.</summary>
    public IDisposable? BeginPrune()
    {
        lock (_lock)
        {
            if (_builds > 0)
            {
                return null;
            }

            _prunes++;
            return new Running(EndPrune, _lock);
        }
    }

    private void EndPrune()
    {
        if (--_prunes == 0)
        {
            var ended = _prunesEnded;
            _prunesEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ended.TrySetResult();
        }
    }

    private sealed class Running(Action end, Lock gate) : IDisposable
    {
        public void Dispose()
        {
            lock (gate)
            {
                end();
            }
        }
    }
}
