using System.Net;
using System.Runtime.CompilerServices;

namespace ContainerApi.Clients.NSwag;

/// <summary>
/// What NSwag does not generate: one method has one type of body and one type of result. Copy this file to send other contexts than JSON
/// and to use <c>mode=wait</c> and <c>mode=detach</c>.
/// </summary>
public partial class ContainerApiClient
{
    /// <summary>A box, because a value that a called method sets does not reach its caller.</summary>
    private readonly AsyncLocal<StrongBox<HttpContent?>> _buildContext = new();

    /// <summary>The body of the next build of this asynchronous flow, in place of JSON: an archive, a form with files, a Dockerfile.</summary>
    public HttpContent BuildContext { set => _buildContext.Value = new(value); }

    partial void PrepareRequest(HttpClient client, HttpRequestMessage request, string url)
    {
        if (_buildContext.Value is { Value: { } context } next && request.Method == HttpMethod.Post && IsBuild(request))
        {
            request.Content = context;
            next.Value = null;
        }
    }

    partial void ProcessResponse(HttpClient client, HttpResponseMessage response)
    {
        // The generated method returns the body of a 200, and throws for the other successes.
        if (response.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted && IsBuild(response.RequestMessage!))
        {
            response.StatusCode = HttpStatusCode.OK;
        }
    }

    private static bool IsBuild(HttpRequestMessage request) =>
        request.RequestUri!.ToString().Split('?')[0].EndsWith("/builds", StringComparison.Ordinal);
}
