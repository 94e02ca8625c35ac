# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Short ways through many beads: nearest neighbour over a grid, then 2-opt and or-opt within a window.

An *item* is something to visit (a bead, a stack of walls, an island). Its *doors* say where one may enter and where
one then leaves: a bead of fixed direction has one door, a reversible bead two, a loop that may start anywhere one per
vertex. Items are visited in nested bags:

    section > island > phase > stack > level > node

Sections, phases and levels stand in a given order; islands of a section, stacks of a phase and nodes of a level are
toured. Each tour starts where the one before ended, so that the layers follow each other as the tool does.
"""

import cython
import numpy as np
from cython.cimports.libc.math import sqrt

WINDOW: cython.int = cython.declare(cython.int, 12)  # how far apart in the tour improvements are looked for
ROUNDS: cython.int = cython.declare(cython.int, 4)  # most rounds of improvement
FEW: cython.int = cython.declare(cython.int, 40)  # up to so many doors are searched one by one


@cython.cclass
class Tourist:
    """The doors, the position of the tool, and scratch space; all positions in mm."""

    door_first: cython.const[cython.longlong][::1]  # (items + 1,)
    doors: cython.const[cython.double][:, ::1]  # (doors, 4) x, y where entered; x, y where left
    owner: cython.longlong[::1]  # (doors,) item of each door
    chosen: cython.longlong[::1]  # (items,) door that is taken
    done: cython.uchar[::1]  # (items,)
    alive: cython.longlong[::1]  # doors of the bag in work
    cell_first: cython.longlong[::1]
    cell_size: cython.longlong[::1]
    cell_door: cython.longlong[::1]
    spare: cython.longlong[::1]
    look: cython.uchar[::1]  # (items,) whether an improvement may begin here
    low_x: cython.double  # of the grid: corner, size of a cell, columns and rows
    low_y: cython.double
    cell: cython.double
    nx: cython.longlong
    ny: cython.longlong
    x: cython.double  # of the tool
    y: cython.double
    from_x: cython.double  # where the tour in work begins, and its place in the bag
    from_y: cython.double
    lo: cython.longlong
    hi: cython.longlong

    def __init__(self, door_first, doors, owner, chosen):
        self.door_first, self.doors, self.owner, self.chosen = door_first, doors, owner, chosen
        items, n = len(door_first) - 1, len(doors)
        self.done = np.zeros(items, np.uint8)
        self.alive = np.zeros(n, np.int64)
        self.cell_first = np.zeros(3 * n + 16, np.int64)
        self.cell_size = np.zeros(3 * n + 16, np.int64)
        self.cell_door = np.zeros(n, np.int64)
        self.spare = np.zeros(items, np.int64)
        self.look = np.zeros(items, np.uint8)
        self.low_x = self.low_y = self.from_x = self.from_y = 0.0
        self.cell = 1.0
        self.nx = self.ny = self.lo = self.hi = 0
        self.x = 0.0
        self.y = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def best_door(self, item: cython.longlong) -> cython.double:
        """Take the item's door nearest to the tool; return its distance."""
        best: cython.double = -1.0
        d: cython.double
        k: cython.longlong
        for k in range(self.door_first[item], self.door_first[item + 1]):
            d = self.way(k)
            if best < 0.0 or d < best:
                best = d
                self.chosen[item] = k
        return sqrt(best)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def way(self, door: cython.longlong) -> cython.double:
        """Return the squared distance from the tool to a door."""
        dx: cython.double = self.doors[door, 0] - self.x
        dy: cython.double = self.doors[door, 1] - self.y
        return dx * dx + dy * dy

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def leave(self, item: cython.longlong) -> cython.void:
        """Put the tool where the item is left."""
        self.x = self.doors[self.chosen[item], 2]
        self.y = self.doors[self.chosen[item], 3]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def leg(self, a: cython.longlong, b: cython.longlong) -> cython.double:
        """Return the way from where door a leads to where door b is entered."""
        dx: cython.double = self.doors[b, 0] - self.doors[a, 2]
        dy: cython.double = self.doors[b, 1] - self.doors[a, 3]
        return sqrt(dx * dx + dy * dy)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def turned(self, door: cython.longlong) -> cython.longlong:
        """Return the door that walks an item the other way round; -1 where that would leave it elsewhere."""
        item: cython.longlong = self.owner[door]
        if self.doors[door, 0] == self.doors[door, 2] and self.doors[door, 1] == self.doors[door, 3]:
            return door
        if self.door_first[item + 1] - self.door_first[item] == 2:
            return self.door_first[item] + self.door_first[item + 1] - 1 - door
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def tour(self, bag: cython.longlong[::1], lo: cython.longlong, hi: cython.longlong) -> cython.void:
        """Put bag[lo:hi] into a short order, choose the doors and move the tool to the end."""
        i: cython.longlong
        if hi - lo == 1:
            self.best_door(bag[lo])
            self.leave(bag[lo])
            return
        self.lo, self.hi, self.from_x, self.from_y = lo, hi, self.x, self.y
        given: cython.double = 0.0
        for i in range(lo, hi):
            given += self.best_door(bag[i])
            self.leave(bag[i])
            self.spare[i - lo] = bag[i]
        self.x = self.from_x
        self.y = self.from_y
        if self.by_nearest(bag, lo, hi) > given:
            self.x = self.from_x
            self.y = self.from_y
            for i in range(lo, hi):
                bag[i] = self.spare[i - lo]
                self.best_door(bag[i])
                self.leave(bag[i])
        self.improve(bag)
        self.x = self.from_x
        self.y = self.from_y
        for i in range(lo, hi):  # loops may now be entered nearer to where the tool comes from
            if self.turned(self.chosen[bag[i]]) == self.chosen[bag[i]]:
                self.best_door(bag[i])
            self.leave(bag[i])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def by_nearest(self, bag: cython.longlong[::1], lo: cython.longlong, hi: cython.longlong) -> cython.double:
        """Put bag[lo:hi] into nearest-neighbour order; return the length of all ways between."""
        count: cython.longlong = 0
        i: cython.longlong
        j: cython.longlong
        k: cython.longlong
        best: cython.longlong
        total: cython.double = 0.0
        for i in range(lo, hi):
            self.done[bag[i]] = 0
            for k in range(self.door_first[bag[i]], self.door_first[bag[i] + 1]):
                self.alive[count] = k
                count += 1
        rebuild: cython.longlong = count
        left: cython.longlong = count
        gridded: cython.bint = False
        for i in range(lo, hi):
            if left <= rebuild:  # half of the doors are gone: forget them, and take a coarser grid
                j = 0
                for k in range(count):
                    if not self.done[self.owner[self.alive[k]]]:
                        self.alive[j] = self.alive[k]
                        j += 1
                count = j
                rebuild = count // 2
                gridded = count > FEW
                if gridded:
                    self.lay_grid(count)
            if gridded:
                best = self.search_grid()
            else:
                best = self.search_all(count)
            total += sqrt(self.way(best))
            bag[i] = self.owner[best]
            self.chosen[bag[i]] = best
            self.done[bag[i]] = 1
            left -= self.door_first[bag[i] + 1] - self.door_first[bag[i]]
            self.leave(bag[i])
        return total

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def search_all(self, count: cython.longlong) -> cython.longlong:
        """Return the nearest door of an item that is not done."""
        best: cython.longlong = -1
        nearest: cython.double = 0.0
        d: cython.double
        k: cython.longlong
        for k in range(count):
            if not self.done[self.owner[self.alive[k]]]:
                d = self.way(self.alive[k])
                if best < 0 or d < nearest:
                    nearest = d
                    best = self.alive[k]
        return best

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def cell_of(self, x: cython.double, y: cython.double) -> cython.longlong:
        """Return the cell of a point; points outside the grid belong to its rim."""
        cx: cython.double = (x - self.low_x) / self.cell
        cy: cython.double = (y - self.low_y) / self.cell
        column: cython.longlong = 0
        row: cython.longlong = 0
        if cx > 0.0:
            column = self.nx - 1 if cx >= self.nx else cython.cast(cython.longlong, cx)
        if cy > 0.0:
            row = self.ny - 1 if cy >= self.ny else cython.cast(cython.longlong, cy)
        return row * self.nx + column

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def lay_grid(self, count: cython.longlong) -> cython.void:
        """Sort the living doors into cells, about one each."""
        k: cython.longlong
        c: cython.longlong
        door: cython.longlong = self.alive[0]
        high_x: cython.double = self.doors[door, 0]
        high_y: cython.double = self.doors[door, 1]
        self.low_x = high_x
        self.low_y = high_y
        for k in range(count):
            door = self.alive[k]
            self.low_x = min(self.low_x, self.doors[door, 0])
            self.low_y = min(self.low_y, self.doors[door, 1])
            high_x = max(high_x, self.doors[door, 0])
            high_y = max(high_y, self.doors[door, 1])
        width: cython.double = high_x - self.low_x
        height: cython.double = high_y - self.low_y
        self.cell = max(max(sqrt(width * height / count), max(width, height) / count), 1e-6)
        self.nx = cython.cast(cython.longlong, width / self.cell) + 1
        self.ny = cython.cast(cython.longlong, height / self.cell) + 1
        for c in range(self.nx * self.ny + 1):
            self.cell_first[c] = 0
        for k in range(count):
            door = self.alive[k]
            self.cell_first[self.cell_of(self.doors[door, 0], self.doors[door, 1])] += 1
        for c in range(1, self.nx * self.ny + 1):
            self.cell_first[c] += self.cell_first[c - 1]
        for c in range(self.nx * self.ny):
            self.cell_size[c] = 0
        for k in range(count - 1, -1, -1):
            door = self.alive[k]
            c = self.cell_of(self.doors[door, 0], self.doors[door, 1])
            self.cell_first[c] -= 1
            self.cell_size[c] += 1
            self.cell_door[self.cell_first[c]] = door

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def search_grid(self) -> cython.longlong:
        """Return the nearest door of an item that is not done, searching rings of cells around the tool."""
        best: cython.longlong = -1
        nearest: cython.double = 0.0
        ring: cython.longlong = 0
        cx: cython.longlong
        cy: cython.longlong
        step: cython.longlong
        here: cython.longlong = self.cell_of(self.x, self.y)
        column: cython.longlong = here % self.nx
        row: cython.longlong = here // self.nx
        d: cython.double
        c: cython.longlong
        k: cython.longlong
        door: cython.longlong
        # the tool may be far from a small grid: behind its last ring there is nothing more to find
        while ring <= self.nx + self.ny and (best < 0 or nearest > (ring - 1) * (ring - 1) * self.cell * self.cell):
            for cy in range(max(row - ring, 0), min(row + ring, self.ny - 1) + 1):
                step = 1 if cy == row - ring or cy == row + ring or ring == 0 else 2 * ring
                cx = column - ring
                while cx <= column + ring:
                    if 0 <= cx < self.nx:
                        c = cy * self.nx + cx
                        k = self.cell_first[c]
                        while k < self.cell_first[c] + self.cell_size[c]:
                            door = self.cell_door[k]
                            if self.done[self.owner[door]]:
                                self.cell_size[c] -= 1
                                self.cell_door[k] = self.cell_door[self.cell_first[c] + self.cell_size[c]]
                                continue
                            d = self.way(door)
                            if best < 0 or d < nearest or (d == nearest and door < best):
                                nearest = d
                                best = door
                            k += 1
                    cx += step
            ring += 1
        return best

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def link(self, bag: cython.longlong[::1], before: cython.longlong, door: cython.longlong) -> cython.double:
        """Return the way from the item at place `before` (the start of the tour below it) to a door (-1: the end)."""
        if door < 0:
            return 0.0
        if before >= self.lo:
            return self.leg(self.chosen[bag[before]], door)
        dx: cython.double = self.doors[door, 0] - self.from_x
        dy: cython.double = self.doors[door, 1] - self.from_y
        return sqrt(dx * dx + dy * dy)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, bag: cython.longlong[::1], place: cython.longlong) -> cython.longlong:
        """Return the door taken at a place of the tour; -1 behind its end."""
        return self.chosen[bag[place]] if place < self.hi else -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def improve(self, bag: cython.longlong[::1]) -> cython.void:
        """Shorten the tour bag[lo:hi] by reversals and by moving short pieces, within a window."""
        i: cython.longlong
        better: cython.bint
        for i in range(self.lo, self.hi):
            self.look[bag[i]] = 1
        rounds: cython.int = 0
        better = True
        while better and rounds < ROUNDS:
            better = False
            rounds += 1
            for i in range(self.lo, self.hi):
                if self.look[bag[i]]:
                    self.look[bag[i]] = 0
                    if self.reverse(bag, i) or self.shift(bag, i):
                        better = True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def look_again(self, bag: cython.longlong[::1], place: cython.longlong) -> cython.void:
        """Let improvements begin at the places around a changed link."""
        k: cython.longlong
        for k in range(max(place - 2, self.lo), min(place + 2, self.hi)):
            self.look[bag[k]] = 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def flip(self, bag: cython.longlong[::1], i: cython.longlong, j: cython.longlong) -> cython.void:
        """Walk the items at places i..j the other way round."""
        k: cython.longlong
        item: cython.longlong
        for k in range(i, j + 1):
            self.chosen[bag[k]] = self.turned(self.chosen[bag[k]])
        while i < j:
            item = bag[i]
            bag[i] = bag[j]
            bag[j] = item
            i += 1
            j -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def reverse(self, bag: cython.longlong[::1], i: cython.longlong) -> cython.bint:
        """Reverse the piece that begins at place i where that shortens the tour most; return whether it did."""
        j: cython.longlong
        best: cython.longlong = -1
        door: cython.longlong = self.chosen[bag[i]]
        back: cython.longlong = self.turned(door)
        turned: cython.longlong
        gain: cython.double
        most: cython.double = 1e-6
        into: cython.double = self.link(bag, i - 1, door)
        if back < 0:
            return False
        for j in range(i, min(i + WINDOW, self.hi)):
            turned = self.turned(self.chosen[bag[j]])
            if turned < 0:
                break
            gain = into - self.link(bag, i - 1, turned)
            if j + 1 < self.hi:
                gain += self.leg(self.chosen[bag[j]], self.chosen[bag[j + 1]]) - self.leg(back, self.chosen[bag[j + 1]])
            if gain > most:
                most = gain
                best = j
        if best < 0:
            return False
        self.flip(bag, i, best)
        self.look_again(bag, i)
        self.look_again(bag, best + 1)
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def shift(self, bag: cython.longlong[::1], i: cython.longlong) -> cython.bint:
        """Move up to three items from place i to a better place nearby, perhaps turned; return whether it did."""
        size: cython.longlong
        k: cython.longlong
        after: cython.longlong
        head: cython.longlong
        tail: cython.longlong
        freed: cython.double
        extra: cython.double
        most: cython.double = 1e-6
        best: cython.longlong = -2
        best_size: cython.longlong = 0
        best_turned: cython.bint = False
        turnable: cython.bint = True
        head = self.chosen[bag[i]]
        for size in range(1, 4):
            if i + size > self.hi:
                break
            tail = self.chosen[bag[i + size - 1]]
            turnable = turnable and self.turned(tail) >= 0
            after = self.at(bag, i + size)
            freed = self.link(bag, i - 1, head) - self.link(bag, i - 1, after)
            if after >= 0:
                freed += self.leg(tail, after)
            if freed <= most:
                continue
            for k in range(max(i - WINDOW, self.lo) - 1, min(i + size + WINDOW, self.hi)):
                if i - 1 <= k < i + size:
                    continue
                after = self.at(bag, k + 1)
                extra = self.link(bag, k, head) - self.link(bag, k, after)
                if after >= 0:
                    extra += self.leg(tail, after)
                if freed - extra > most:
                    most, best, best_size, best_turned = freed - extra, k, size, False
                if turnable:
                    extra = self.link(bag, k, self.turned(tail)) - self.link(bag, k, after)
                    if after >= 0:
                        extra += self.leg(self.turned(head), after)
                    if freed - extra > most:
                        most, best, best_size, best_turned = freed - extra, k, size, True
        if best == -2:
            return False
        self.move(bag, i, best_size, best, best_turned)
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def move(
        self,
        bag: cython.longlong[::1],
        i: cython.longlong,
        size: cython.longlong,
        k: cython.longlong,
        turned: cython.bint,
    ) -> cython.void:
        """Move the items at places i..i + size - 1 behind the one at place k."""
        j: cython.longlong
        if turned:
            self.flip(bag, i, i + size - 1)
        for j in range(size):
            self.spare[j] = bag[i + j]
        if k < i:
            for j in range(i - 1, k, -1):
                bag[j + size] = bag[j]
            for j in range(size):
                bag[k + 1 + j] = self.spare[j]
        else:
            for j in range(i + size, k + 1):
                bag[j - size] = bag[j]
            for j in range(size):
                bag[k - size + 1 + j] = self.spare[j]
        self.look_again(bag, i)
        self.look_again(bag, i + size)
        self.look_again(bag, k + 1)
        self.look_again(bag, k + 1 + size)


def tie(number: cython.longlong[::1], a: cython.const[cython.longlong][::1], b: cython.const[cython.longlong][::1]):
    """Give what is tied, a[i] to b[i], one number: the lowest index among all that hang together (union-find)."""
    i: cython.Py_ssize_t
    x: cython.longlong
    y: cython.longlong
    with cython.nogil:
        for i in range(a.shape[0]):
            x = a[i]
            y = b[i]
            while number[x] != x:
                number[x] = number[number[x]]
                x = number[x]
            while number[y] != y:
                number[y] = number[number[y]]
                y = number[y]
            number[max(x, y)] = min(x, y)
        for i in range(number.shape[0]):
            number[i] = number[number[i]]


def arrange(
    section_first: cython.const[cython.longlong][::1],
    island_first: cython.const[cython.longlong][::1],
    phase_first: cython.const[cython.longlong][::1],
    stack_first: cython.const[cython.longlong][::1],
    level_first: cython.const[cython.longlong][::1],
    island_item: cython.const[cython.longlong][::1],
    stack_item: cython.const[cython.longlong][::1],
    door_first: cython.const[cython.longlong][::1],
    doors: cython.const[cython.double][:, ::1],
    owner: cython.longlong[::1],
    order: cython.longlong[::1],
    chosen: cython.longlong[::1],
):
    """Fill order (nodes,), the nodes as they are visited, and chosen (items,), the door taken for each item.

    Level l holds the nodes level_first[l]:level_first[l + 1], stack s the levels stack_first[s]:stack_first[s + 1] and
    so on up to sections. Nodes are the items 0, 1, ...; a stack of one node has that node as its item. Items of islands
    and of larger stacks follow; which island or stack they mean is their rank among those.
    """
    tourist: Tourist = Tourist(door_first, doors, owner, chosen)
    islands_array = np.array(island_item)
    stacks_array = np.array(stack_item)
    islands: cython.longlong[::1] = islands_array
    stacks: cython.longlong[::1] = stacks_array
    meaning_array = np.zeros(door_first.shape[0] - 1, np.int64)
    meaning: cython.longlong[::1] = meaning_array
    s: cython.Py_ssize_t
    i: cython.longlong
    p: cython.longlong
    k: cython.longlong
    m: cython.longlong
    size: cython.longlong
    island: cython.longlong
    stack: cython.longlong
    x: cython.double
    y: cython.double
    at: cython.longlong = 0
    level: cython.longlong
    with cython.nogil:
        for k in range(islands.shape[0]):
            meaning[islands[k]] = k
        for s in range(section_first.shape[0] - 1):
            x = tourist.x
            y = tourist.y
            tourist.tour(islands, section_first[s], section_first[s + 1])
            tourist.x = x
            tourist.y = y
            for i in range(section_first[s], section_first[s + 1]):
                island = meaning[islands[i]]
                for p in range(island_first[island], island_first[island + 1]):
                    for k in range(phase_first[p], phase_first[p + 1]):
                        meaning[stacks[k]] = k
                    x = tourist.x
                    y = tourist.y
                    tourist.tour(stacks, phase_first[p], phase_first[p + 1])
                    tourist.x = x
                    tourist.y = y
                    for k in range(phase_first[p], phase_first[p + 1]):
                        stack = meaning[stacks[k]]
                        for level in range(stack_first[stack], stack_first[stack + 1]):
                            size = level_first[level + 1] - level_first[level]
                            for m in range(size):
                                order[at + m] = level_first[level] + m
                            if order[at] == stacks[k]:  # the stack is this node: its door is already chosen
                                tourist.leave(order[at])
                            else:
                                tourist.tour(order, at, at + size)
                            at += size
