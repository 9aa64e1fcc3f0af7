from typing import Any

from django.db import migrations, models


def name_the_provider(apps: Any, schema_editor: Any) -> None:
    """Root keys were files until now."""
    for row in apps.get_model("vault", "KeyEncryptionKey").objects.all():
        if ":" not in row.root_id:
            row.root_id = f"file:{row.root_id}"
            row.save(update_fields=["root_id"])


class Migration(migrations.Migration):

    dependencies = [
        ('vault', '0003_data_key_versions'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecoveryKey',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('public', models.BinaryField()),
                ('proof', models.BinaryField()),
                ('canary', models.BinaryField()),
                ('shares', models.PositiveSmallIntegerField()),
                ('threshold', models.PositiveSmallIntegerField()),
                ('made_at', models.DateTimeField()),
                ('drilled_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='keyencryptionkey',
            name='recovery_sealed',
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='keyencryptionkey',
            name='root_id',
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.RunPython(name_the_provider, migrations.RunPython.noop),
    ]
