export default function noOp(item: {readonly id: string}): {readonly id: string} {
	return item;
}
