using ContainerApi.Api;

namespace ContainerApi.Images;

/// <summary>Limits the archives that are uploaded at the same time: a compressed one takes up to 128 MiB of memory for its window. One caller
/// has at most half of the places.</summary>
internal sealed class ArchiveUploads(ArchiveLimit limit)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, int> _byCaller = [];

    /// <exception cref="ApiException">Too many archives are uploaded.</exception>
    public IDisposable Begin(string caller)
    {
        lock (_byCaller)
        {
            var own = _byCaller.GetValueOrDefault(caller);
            if (own >= Math.Max(1, limit.MaxUploads / 2) || _byCaller.Values.Sum() >= limit.MaxUploads)
            {
                throw new ApiException(
                    ErrorCode.RateLimited, "Too many archives are loaded or imported at the moment (Limits:Archives).")
                { RetryAfter = RetryAfter };
            }

            _byCaller[caller] = own + 1;
        }

        return new Upload(this, caller);
    }

    private void End(string caller)
    {
        lock (_byCaller)
        {
            if (--_byCaller[caller] == 0)
            {
                _byCaller.Remove(caller);
            }
        }
    }

    private sealed class Upload(ArchiveUploads uploads, string caller) : IDisposable
    {
        private bool _isEnded;

        public void Dispose()
        {
            if (!_isEnded)
            {
                _isEnded = true;
                uploads.End(caller);
            }
        }
    }
}
