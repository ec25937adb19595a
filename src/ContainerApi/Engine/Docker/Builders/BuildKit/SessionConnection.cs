using System.IO.Pipelines;
using ContainerApi.Streams;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>A connection from an engine, whose bytes travel in the messages of a call to the engine.</summary>
internal sealed class SessionConnection : DefaultConnectionContext
{
    /// <summary>The maximum size of a message to the engine.</summary>
    private const int MaxBytes = 256 * 1024;

    private static readonly PipeOptions Incoming = new(useSynchronizationContext: false);

    private readonly AsyncDuplexStreamingCall<BytesMessage, BytesMessage> _call;
    private readonly Pipe _incoming = new(Incoming);
    private readonly Pipe _outgoing = new(BoundedPipe.Options);

    public SessionConnection(string id, AsyncDuplexStreamingCall<BytesMessage, BytesMessage> call, SessionGrants grants)
        : base(id)
    {
        _call = call;
        Transport = new Duplex(_incoming.Reader, _outgoing.Writer);
        Features.Set(grants);
        Completion = Task.WhenAll(ReceiveAsync(), SendAsync());
    }

    /// <summary>Completes with the connection. Never fails.</summary>
    public Task Completion { get; }

    /// <summary>Kestrel sees the end of the connection. It may dispose the connection at the same time.</summary>
    public override void Abort(ConnectionAbortedException abortReason) => _call.Dispose();

    public override async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await Completion;
        await base.DisposeAsync();
    }

    private async Task ReceiveAsync()
    {
        Exception? failure = null;
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None)
                && !(await _incoming.Writer.WriteAsync(_call.ResponseStream.Current.Data.Memory)).IsCompleted)
            {
            }
        }
        catch (Exception e)
        {
            failure = new ConnectionResetException("The connection to BuildKit was lost.", e);
        }

        await _incoming.Writer.CompleteAsync(failure);
        _outgoing.Reader.CancelPendingRead();
    }

    private async Task SendAsync()
    {
        try
        {
            for (var isOpen = true; isOpen;)
            {
                var result = await _outgoing.Reader.ReadAsync();
                foreach (var segment in result.Buffer)
                {
                    for (var sent = 0; sent < segment.Length; sent += MaxBytes)
                    {
                        // A call to the engine copies the bytes before it completes.
                        var piece = segment.Slice(sent, Math.Min(MaxBytes, segment.Length - sent));
                        await _call.RequestStream.WriteAsync(new BytesMessage { Data = UnsafeByteOperations.UnsafeWrap(piece) });
                    }
                }

                _outgoing.Reader.AdvanceTo(result.Buffer.End);
                isOpen = !result.IsCompleted && !result.IsCanceled;
            }

            await _call.RequestStream.CompleteAsync();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The end of the call, which the receiving half reports.
        }

        await _outgoing.Reader.CompleteAsync();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
