using System.IO.Pipelines;
using ContainerApi.Api;
using ContainerApi.Streams;
using Microsoft.Net.Http.Headers;

namespace ContainerApi.Builds;

/// <summary>The file that a build makes in place of an image. It passes from the engine to the client that started the build.</summary>
internal sealed class BuildFile
{
    private readonly Pipe _pipe = new(BoundedPipe.Options);

    /// <summary>Opens the file for the engine.</summary>
    public Stream OpenWrite() => _pipe.Writer.AsStream(leaveOpen: true);

    /// <summary>Ends the file. Only a build that succeeded has a complete one.</summary>
    public void Complete() => _pipe.Writer.Complete();

    /// <summary>Waits for the first bytes; false if the build ended without them.</summary>
    public async Task<bool> HasBytesAsync(CancellationToken cancellationToken)
    {
        var read = await _pipe.Reader.ReadAsync(cancellationToken);
        _pipe.Reader.AdvanceTo(read.Buffer.Start);
        return !read.Buffer.IsEmpty;
    }

    /// <summary>Responds with the file. A client never takes an incomplete one for a complete one: the connection is cut.</summary>
    public async Task SendAsync(HttpContext http, BuildJob job)
    {
        http.Response.SetStream(MediaTypes.Tar);
        http.Response.Headers[ApiHeaders.BuildId] = job.Id;
        http.Response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = job.Id + ".tar" }.ToString();
        await _pipe.Reader.CopyToAsync(http.Response.BodyWriter, http.RequestAborted);
        await job.Work.WaitAsync(http.RequestAborted);
        if (job.Describe().Error is not null)
        {
            http.Abort();
        }
    }
}
