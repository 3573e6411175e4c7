// Which part of the board is seen, and how large: screen = board × k + (x, y).

export interface Camera {
	x: number;
	y: number;
	k: number;
}

export const least = 0.08;
export const largest = 4;

/** zoom makes it larger or smaller and keeps the point of the screen where it is. */
export function zoom(camera: Camera, factor: number, x: number, y: number): Camera {
	const k = Math.min(largest, Math.max(least, camera.k * factor));
	return { k, x: x - ((x - camera.x) * k) / camera.k, y: y - ((y - camera.y) * k) / camera.k };
}

/** Part is a rectangle of the board. */
export interface Part {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** fit shows a part whole and in the middle if it can be read at that size, else its left upper corner. */
export function fit(part: Part, room: { width: number; height: number }, readable: number): Camera {
	const k = Math.max(Math.min(room.width / part.width, room.height / part.height, 1), Math.min(readable, 1), least);
	const aside = (size: number, room: number) => Math.max(0, (room - size * k) / 2);
	return { k, x: aside(part.width, room.width) - part.x * k, y: aside(part.height, room.height) - part.y * k };
}

/** reveal moves the camera no farther than needed to show a rectangle of the board. */
export function reveal(camera: Camera, box: Part, room: { width: number; height: number }): Camera {
	const margin = 16;
	const shift = (from: number, to: number, size: number) => {
		if (to - from > size - 2 * margin || from < margin) return margin - from;
		return to > size - margin ? size - margin - to : 0;
	};
	const left = box.x * camera.k + camera.x;
	const top = box.y * camera.k + camera.y;
	return { ...camera, x: camera.x + shift(left, left + box.width * camera.k, room.width), y: camera.y + shift(top, top + box.height * camera.k, room.height) };
}
