using Microsoft.AspNetCore.Http.Features;

namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>
/// What one build's session serves. It belongs to the connection of the session, so no other build can read it. Prints no member.
/// </summary>
internal sealed class SessionGrants(
    IReadOnlyDictionary<string, byte[]> secrets, IReadOnlyList<RegistryCredentials> credentials, ILookup<string, SshKey> sshKeys)
{
    private readonly string _uploadPath = "/" + Guid.NewGuid().ToString("n");
    private Stream? _upload;
    private Stream? _output;

    /// <summary>The archive of the context; null for none.</summary>
    public Stream? Upload
    {
        init => _upload = value;
    }

    /// <summary>The address of the archive, for the engine. It is read once.</summary>
    public string UploadAddress => "http://buildkit-session" + _uploadPath;

    /// <summary>The directories of the build; null for none.</summary>
    public SyncedContext? Directories { get; init; }

    /// <summary>Where the file goes that the build makes; null for none.</summary>
    public Stream? Output
    {
        init => _output = value;
    }

    /// <summary>Returns where the file goes, the first time.</summary>
    public Stream? TakeOutput() => Interlocked.Exchange(ref _output, null);

    /// <summary>Returns the archive, the first time; null for another path.</summary>
    public Stream? TakeUpload(string? path) => path == _uploadPath ? Interlocked.Exchange(ref _upload, null) : null;

    /// <summary>Returns the secret, or null.</summary>
    public byte[]? FindSecret(string id) => secrets.GetValueOrDefault(id);

    /// <summary>Returns an agent with the keys of this id, or null.</summary>
    public SshAgent? FindAgent(string? id) => sshKeys.Contains(id ?? "") ? new SshAgent([.. sshKeys[id!]]) : null;

    /// <summary>Returns the credentials for a registry, <c>host[:port]</c>; null for none.</summary>
    public RegistryCredentials? FindCredentials(string host) => credentials.FirstOrDefault(c => c.AreFor(host));

    /// <summary>The grants of the connection of a call.</summary>
    public static SessionGrants Of(IFeatureCollection features) =>
        features.Get<SessionGrants>() ?? throw new InvalidOperationException("A session's connection has no grants.");
}
