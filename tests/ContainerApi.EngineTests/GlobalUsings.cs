global using ContainerApi.Engine.Facts;
global using static ContainerApi.EngineTests.Json;
