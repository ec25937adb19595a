# ContainerApi in a container. It needs the engine's socket, and the group that owns it; see docker-compose.yml.
#   docker build -t containerapi .

# Set other base images if these cannot be pulled; scripts/base-images makes some.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled

FROM ${SDK_IMAGE} AS build
WORKDIR /source

# The restore comes first, so that its layer is cached while only code changes.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/ContainerApi/ContainerApi.csproj src/ContainerApi/packages.lock.json src/ContainerApi/
RUN dotnet restore src/ContainerApi --locked-mode

COPY .editorconfig appsettings.json ./
COPY docs/problems.md docs/
COPY src/ src/
RUN dotnet publish src/ContainerApi --no-restore -c Release -o /app && mkdir /state

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /app ./

# The port is the base image's. ASPNETCORE_URLS and Urls override it.
ENV ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_EnableDiagnostics=0
EXPOSE 8080

# The build history; a volume keeps it when the container is replaced.
COPY --from=build --chown=1654:1654 /state /var/lib/containerapi

# The unprivileged user of the base image (1654). It needs the socket's group: --group-add.
USER $APP_UID
ENTRYPOINT ["dotnet", "ContainerApi.dll"]

# The image has no shell and no curl, so the program is its own health check. An unreachable engine does not make it unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["dotnet", "ContainerApi.dll", "healthcheck"]
