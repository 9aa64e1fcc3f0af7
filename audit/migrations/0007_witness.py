from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_review'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField()),
                ('witness', models.CharField(max_length=255)),
                ('at', models.DateTimeField()),
                ('line', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('witness', 'size'), name='one_cosignature_a_checkpoint')],
            },
        ),
        migrations.CreateModel(
            name='WitnessState',
            fields=[
                ('name', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('trouble', models.CharField(blank=True, max_length=12)),
            ],
        ),
    ]
