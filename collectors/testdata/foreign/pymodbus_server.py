"""Modbus servers of another author's, for the tests: TCP, RTU over TCP and ASCII over TCP.

Prints "FRAMING PORT" for each when it listens, and serves until standard input ends. Register A of every table holds
(A * 7 + 3) mod 65536, of the input registers (A * 11 + 5) mod 65536; coil A is on where A is a multiple of three,
discrete input A where it is odd.
"""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer
from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

SIZE = 200


def memory():
    unit = ModbusSlaveContext(
        hr=ModbusSequentialDataBlock(0, [(a * 7 + 3) % 65536 for a in range(SIZE)]),
        ir=ModbusSequentialDataBlock(0, [(a * 11 + 5) % 65536 for a in range(SIZE)]),
        co=ModbusSequentialDataBlock(0, [a % 3 == 0 for a in range(SIZE)]),
        di=ModbusSequentialDataBlock(0, [a % 2 == 1 for a in range(SIZE)]),
        zero_mode=True,
    )
    return ModbusServerContext(slaves={3: unit}, single=False)


async def main():
    running = []
    for name, framer in (("tcp", ModbusSocketFramer), ("rtu", ModbusRtuFramer), ("ascii", ModbusAsciiFramer)):
        server = ModbusTcpServer(memory(), framer, address=("127.0.0.1", 0))
        running.append(asyncio.create_task(server.serve_forever()))
        await server.serving
        print(name, server.server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in running:
        task.cancel()


asyncio.run(main())
