global using ContainerApi.Engine.Facts;
global using ContainerApi.Errors;
global using Microsoft.Extensions.Time.Testing;
