global using ContainerApi.Engine.Facts;
global using ContainerApi.Errors;
global using static ContainerApi.EngineTests.Json;
