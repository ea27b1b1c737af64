export default function doNothing(input: number): number {
	return input;
}
