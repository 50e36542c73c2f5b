/** What is done with the list as a whole while it is edited. */
import { Button } from '@mantine/core';

import { Icon } from '../../components/Icon';

interface EditButtonsProps {
  isChanged: boolean;
  onCancel: () => void;
  onAdd: () => void;
  onSave: () => void;
}

export function EditButtons({ isChanged, onCancel, onAdd, onSave }: EditButtonsProps) {
  return (
    <>
      <Button variant="default" onClick={onCancel}>
        Cancel editing
      </Button>
      <Button variant="default" leftSection={<Icon name="plus" />} onClick={onAdd}>
        Add
      </Button>
      <Button disabled={!isChanged} onClick={onSave}>
        Save
      </Button>
    </>
  );
}
