export { HTTP_LIMITS, HttpDoor, type HttpDoorOptions, type HttpLimits } from './http-door.ts'
