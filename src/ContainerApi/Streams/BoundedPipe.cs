using System.IO.Pipelines;

namespace ContainerApi.Streams;

/// <summary>A pipe between two connections: a slow reader stops the writer at 1 MiB.</summary>
internal static class BoundedPipe
{
    public static readonly PipeOptions Options = new(
        pauseWriterThreshold: 1024 * 1024, resumeWriterThreshold: 512 * 1024, minimumSegmentSize: 64 * 1024, useSynchronizationContext: false);
}
